/**
 * `npx tsx scripts/pin-libtorch.ts [WHEEL...]`: writes lib/libtorch/index/pins.ts: what the wheels of the default
 * release must hash to by PyPI, and
 * those given, as they are. Run it when the default release changes, and read the diff.
 */
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { sha256Of } from '../lib/libtorch/download.ts'
import { Indexes, type Wheel } from '../lib/libtorch/index/pick.ts'
import { nvidiaWheels, torchWheel } from '../lib/libtorch/index/resolve.ts'
import { indexSettings } from '../lib/libtorch/index/settings.ts'
import { transport } from '../lib/libtorch/transport.ts'
import { readFromArchive } from '../lib/libtorch/unpack.ts'
import { defaultLibtorch } from '../lib/libtorch/versions.ts'

const through = transport()
const pins = new Map<string, string>()
const metadataOf = async (wheel: Wheel) =>
  (await readFromArchive({ url: wheel.url, transport: through }, /^[^/]+\.dist-info\/METADATA$/)) ?? ''

for (const arch of ['x64', 'arm64'] as const) {
  const settings = { ...indexSettings({}), findLinks: [] } // PyPI itself; folders give no hashes
  const indexes = new Indexes(settings, { transport: through, machine: { arch, glibc: '2.36' } })
  const { wheel } = await torchWheel({ version: defaultLibtorch, cuda: true }, indexes)
  const torch = (await indexes.wheels('torch')).filter(({ version }) => version === wheel.version)
  const nvidia = await nvidiaWheels(await metadataOf(wheel), indexes, { cuda: true, read: metadataOf })
  for (const { name, sha256 } of [...torch, ...nvidia]) if (sha256) pins.set(name, sha256)
}
for (const file of process.argv.slice(2)) pins.set(basename(file), await sha256Of(file))

const lines = [...pins]
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([name, hash]) => `  ['${name}', '${hash}'],\n`)
writeFileSync(
  new URL('../lib/libtorch/index/pins.ts', import.meta.url),
  `/** Written by scripts/pin-libtorch.ts: sha256 of the wheels of libtorch ${defaultLibtorch} and of what its CUDA build needs. */
// biome-ignore format: one file a line
export const pinned: ReadonlyMap<string, string> = new Map([
${lines.join('')}])
`,
)
