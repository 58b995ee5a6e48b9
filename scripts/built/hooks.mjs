/** What is asked for of lib/ comes from dist/. */
const root = new URL('../../', import.meta.url).href
const lib = `${root}lib/`

export async function resolve(specifier, context, next) {
  const found = await next(specifier, context)
  const url = found.url.split('?')[0]
  if (!url.startsWith(lib) || !url.endsWith('.ts')) return found
  return { url: `${root}dist/${url.slice(lib.length, -3)}.js`, format: 'module', shortCircuit: true }
}
