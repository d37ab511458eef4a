import { pathToFileURL } from 'node:url';
import { ensureChromium } from './lib/chromium.mjs';
import { installPackages } from './lib/packages.mjs';
import { generateClient } from './lib/prisma.mjs';
import { main, step } from './lib/steps.mjs';
import { ensureTemporal } from './lib/temporal.mjs';
import { ensureTensorflow } from './lib/tensorflow.mjs';

/**
 * Brings the machine from nothing to ready: packages, then the parts that packages do not carry. Each step prints the
 * way it took; a second run finds everything and takes a fraction of a second.
 *
 * @param {{ native?: boolean, browser?: boolean }} [options] native: make the native TensorFlow when there is none;
 *   browser: the tests' Chromium as well
 */
export async function prepare({ native = false, browser = false } = {}) {
  checkNode();
  await step('packages', installPackages);
  await step('prisma', generateClient);
  await step('temporal', ensureTemporal);
  await step('tensorflow', () => ensureTensorflow({ build: native }));
  if (browser) await step('chromium', ensureChromium);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`Node ${process.versions.node} is too old, 20.19 or newer is needed`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => prepare({ native: true, browser: process.argv.includes('--browser') }));
}
