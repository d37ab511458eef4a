#!/usr/bin/env node
'use strict';
const { existsSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const cli = path.join(__dirname, '..', 'dist', 'cli', 'index.js');
if (!existsSync(cli)) {
  console.error('medex is not built yet: run `npm run build`');
  process.exit(1);
}
// Goes on as the command line itself, in this process, so that signals reach it.
process.argv[1] = cli;
Module.runMain();
