import { buildTypeScript } from '../build-ts.mjs'

/** Before any test: dist/ is what lib/ compiles to, for the tests that start processes. */
export default function setup() {
  buildTypeScript()
}
