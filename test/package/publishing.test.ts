import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Publishing {
  publisherFields(manifest: object): { missing: string[] }
  publishedReadme(text: string, manifest: object): string
}
const script = new URL('../../scripts/publishing.mjs', import.meta.url).href
const { publishedReadme, publisherFields } = (await import(script)) as Publishing

const manifest = {
  version: '1.2.3',
  repository: { type: 'git', url: 'git+https://git.example/acme/lora.git' },
  bugs: { url: 'https://git.example/acme/lora/issues' },
  homepage: 'https://acme.example/lora',
}

describe('the fields that whoever publishes fills in', () => {
  it('are none of ours, and are named where they are missing', () => {
    const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(publisherFields(own)).toEqual({ missing: ['repository', 'bugs', 'homepage'] })
    expect(publisherFields(manifest)).toEqual({ missing: [] })
    const shorter = {
      ...manifest,
      repository: 'https://git.example/acme/lora',
      bugs: { email: 'a@acme.example' },
    }
    expect(publisherFields(shorter)).toEqual({ missing: [] })
  })

  it.each([
    ['repository', { type: 'git' }],
    ['repository', { type: 'git', url: 'git@git.example:acme/lora.git' }],
    ['repository', 'https://git.example'],
    ['bugs', {}],
    ['bugs', 'somewhere'],
    ['homepage', 'acme.example'],
    ['homepage', 'http://acme.example'],
  ])('are refused where they are none: %s %j', (name, value) => {
    expect(() => publisherFields({ ...manifest, [name]: value })).toThrow(
      `package.json: ${name} is ${JSON.stringify(value)}; expected `,
    )
  })
})

describe('README as it is published', () => {
  const at = 'https://git.example/acme/lora'

  it('leads from npm’s page to the tag of its version', () => {
    const text = `[guide](docs/a.md#b) ![picture](./docs/a.png) [out](https://x.example) [here](#start)
[![badge](docs/a.svg)](docs/b.md)
\`\`\`ts
const [a](b) // code
\`\`\`
| [cell](bench) |
`
    expect(
      publishedReadme(text, manifest),
    ).toBe(`[guide](${at}/blob/v1.2.3/docs/a.md#b) ![picture](${at}/raw/v1.2.3/docs/a.png) [out](https://x.example) [here](#start)
[![badge](${at}/raw/v1.2.3/docs/a.svg)](${at}/blob/v1.2.3/docs/b.md)
\`\`\`ts
const [a](b) // code
\`\`\`
| [cell](${at}/blob/v1.2.3/bench) |
`)
    expect(publishedReadme(text, { version: '1.2.3' })).toBe(text)
  })

  it('has no link left that is relative', () => {
    const own = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const published = publishedReadme(own, manifest).replace(/^```[\s\S]*?^```/gm, '')
    const relative = [...published.matchAll(/\]\(([^)]*)\)/g)].filter(
      ([, target]) => !target!.startsWith('https://'),
    )
    expect(relative).toEqual([])
    expect(published).toContain(`![A report's conclusion`)
    expect(published).toContain(`${at}/raw/v1.2.3/docs/images/runs-1280.png`)
  })
})
