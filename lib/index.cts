/**
 * `require('torch-lora')`: the very module that `import` gives, by require(esm), which every supported Node has. Not
 * a CommonJS build of its own: then a process could hold two of every class and of all state (the scope, the
 * recorder, the opened libtorch). Not index.js itself under `require` either: with `module: node16` TypeScript
 * refuses that at the user's import (TS1479), and attw reports CJSResolvesToESM; its declarations are copied to dist/cjs
 * (scripts/build-ts.mjs).
 */
import index = require('./index.ts')

export = index
