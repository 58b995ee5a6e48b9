import { readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { dynamicSection } from './elf.ts'

/** Opened by name at run time, so no library says that it needs them: cuDNN's parts, and NVRTC's. */
const openedByName = /^(libcudnn|libnvrtc|libnvJitLink)/

/** Where the dynamic linker starts, for each build. */
const roots = {
  cpu: ['libc10.so', 'libtorch_cpu.so'],
  cuda: [
    'libc10.so',
    'libtorch_cpu.so',
    'libc10_cuda.so',
    'libtorch_cuda.so',
    'libtorch_cuda_linalg.so', // opened at the first torch.linalg on a GPU
    'libcaffe2_nvrtc.so', // opened at the first kernel that is compiled at run time
  ],
}

/** Names that lib/libtorch/inspect.ts looks for; libtorch.so is a stub of some kilobytes. */
const kept = new Set(['libtorch.so', 'libtorch_global_deps.so'])

/**
 * Deletes the shared libraries that nothing loads: those that no root needs, directly or through others, and that
 * nothing opens by name.
 * Where one of the roots is not a library that can be read, all stay.
 * @returns what went, in bytes and by name
 */
export function pruneLibraries(
  folder: string,
  options: { cuda: boolean },
): { bytes: number; names: string[] } {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.so(\.\d+)*$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
  const libraries = files.map((path) => ({ path, name: basename(path), section: dynamicSection(path) }))
  const byName = new Map(libraries.map((library) => [library.name, library]))
  for (const library of libraries)
    if (library.section?.name && !byName.has(library.section.name)) byName.set(library.section.name, library)
  const start = roots[options.cuda ? 'cuda' : 'cpu']
  if (start.some((name) => byName.has(name) && !byName.get(name)!.section)) return { bytes: 0, names: [] }
  const loaded = new Set<string>()
  const visit = (name: string) => {
    const library = byName.get(name)
    if (!library || loaded.has(library.path)) return
    loaded.add(library.path)
    for (const needed of library.section?.needed ?? []) visit(needed)
  }
  for (const name of start) visit(name)
  if (options.cuda) for (const { name } of libraries) if (openedByName.test(name)) visit(name)
  const gone = libraries.filter(({ path, name }) => !loaded.has(path) && !kept.has(name))
  let bytes = 0
  for (const { path } of gone) {
    bytes += statSync(path).size
    rmSync(path)
  }
  return { bytes, names: gone.map(({ name }) => name) }
}
