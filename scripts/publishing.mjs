/** What a package says of where it comes from: whoever publishes fills it in, and the tarball's README follows it. */

/**
 * The pages of the repository, of `git+https://HOST/OWNER/NAME.git`.
 * @param {{ repository?: any }} manifest
 */
function address({ repository }) {
  const url = typeof repository === 'string' ? repository : repository?.url
  return /^(?:git\+)?(https:\/\/[^/\s]+\/[^\s#]+?)(?:\.git)?$/.exec(url ?? '')?.[1]
}

const isPage = (text) => /^https:/.test(text ?? '') && URL.canParse(text)

/**
 * By field: what is expected there, and whether a value is that.
 * @type {Record<string, [expected: string, suits: (value: any, manifest: object) => unknown]>}
 */
const fields = {
  repository: [
    '{ "type": "git", "url": "git+https://HOST/OWNER/NAME.git" }',
    (_, manifest) => address(manifest),
  ],
  bugs: ['{ "url": "https://..." }', (value) => isPage(value.url ?? value) || value.email],
  homepage: ['"https://..."', isPage],
}

/**
 * The fields of package.json that whoever publishes fills in.
 * @returns {{ missing: string[] }}
 * @throws Error where one is there and is not what npm takes
 */
export function publisherFields(manifest) {
  const missing = []
  for (const [name, [expected, suits]] of Object.entries(fields)) {
    const value = manifest[name]
    if (value === undefined) missing.push(name)
    else if (!suits(value, manifest))
      throw new Error(`package.json: ${name} is ${JSON.stringify(value)}; expected ${expected}`)
  }
  return { missing }
}

/**
 * A README whose links into the repository lead there from npm's page and from node_modules too: to the tag of this
 * version. As it is where package.json names no repository.
 */
export function publishedReadme(text, manifest) {
  const pages = address(manifest)
  if (!pages) return text
  const to = (view) => (_, before, target) =>
    `${before}(${pages}/${view}/v${manifest.version}/${target.replace(/^\.\//, '')})`
  return text
    .split(/^(```[\s\S]*?^```)/gm)
    .map((part, at) =>
      at % 2 === 1 // a block of code
        ? part
        : part
            .replace(/(!\[[^\]]*\])\((?![a-z]+:|#)([^)\s]+)\)/g, to('raw'))
            .replace(/(\])\((?![a-z]+:|#)([^)\s]+)\)/g, to('blob')),
    )
    .join('')
}
