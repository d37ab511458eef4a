import { existsSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { root } from './steps.mjs';

/**
 * Goes on as another program in the same process, as `node FILE ARGS` would: no second process that would have to pass
 * signals through.
 *
 * @param {string} file relative to the root
 * @param {string[]} args
 */
export function runMain(file, args) {
  const path = join(root, file);
  if (!existsSync(path)) throw new Error(`${file} is missing after the build`);
  process.argv = [process.execPath, path, ...args];
  Module.runMain();
}
