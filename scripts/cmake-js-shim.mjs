#!/usr/bin/env node
/**
 * Stands in for node-gyp where prebuildify calls it: `<this> rebuild --target=... --devdir=... --arch=... --release`.
 * cmake-js would read `--target` as a CMake target, and none of the rest matters to a Node-API addon, which is the
 * same for every Node. prebuildify then takes build/Release/*.node and the .so files beside it.
 */
import { buildNative } from './build-native.mjs'

try {
  await buildNative()
} catch (error) {
  console.error(`prebuild: ${error.message}`)
  process.exit(1)
}
