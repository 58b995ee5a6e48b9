/**
 * From an empty project to its first prediction: `npm install` of the tarball, without scripts and without a compiler
 * on the PATH, then one text through a tiny model in a fresh process. libtorch is there already.
 *
 *   npm run build && npx tsx bench/install.ts [--runs 3]
 *
 * npm's cache holds the dependencies from the second run on, as it does for whoever has installed any of them.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { findLibtorch } from '../lib/libtorch/find.ts'
import { tinyClassifier } from '../test/inference/models.ts'
import { EmptyProject, pack, predictScript } from '../test/package/installed.ts'

const { values } = parseArgs({ options: { runs: { type: 'string', default: '3' } } })
const { path, version } = findLibtorch()
const folder = mkdtempSync(join(tmpdir(), 'torch-lora-install-'))
const model = await tinyClassifier({ labels: ['bad', 'good'] })
const seconds = (since: number) => (performance.now() - since) / 1000

try {
  const packed = pack(folder)
  const prebuilds = join('node_modules', 'torch-lora', 'prebuilds', `${process.platform}-${process.arch}`)
  console.log(`Node ${process.versions.node}, libtorch ${version}`)
  for (let run = 1; run <= Number(values.runs); run++) {
    const project = new EmptyProject(join(folder, String(run)))
    const script = project.write('use.mjs', predictScript.esm + predictScript.body)
    const started = performance.now()
    const installed = project.install(packed.tarball)
    if (installed.status !== 0) throw new Error(installed.stderr)
    const install = seconds(started)
    const used = project.run('node', [script, model], { TORCH_LORA_LIBTORCH: path })
    if (used.status !== 0) throw new Error(used.stderr)
    const all = seconds(started)
    console.log(
      `run ${run}: npm install ${install.toFixed(1)} s, to the first prediction ${all.toFixed(1)} s`,
    )
    if (run > 1) continue
    const addon = ['torch-lora.glibc.node', 'libtorch_lora_core.so', 'liblora_ops.so']
    const bytes = addon.map((name) => statSync(join(project.folder, prebuilds, name)).size)
    const megabytes = (size: number) => `${(size / 1e6).toFixed(2)} MB`
    console.log(`tarball ${megabytes(packed.bytes)}, unpacked ${megabytes(packed.unpackedBytes)}`)
    console.log(
      `addon ${megabytes(bytes.reduce((sum, size) => sum + size, 0))} for one libtorch (${addon.join(', ')})`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
  rmSync(model, { recursive: true, force: true })
}
