import { execFileSync, spawnSync } from 'node:child_process'

/** Two machines of one: network namespaces with a link between them, `tl-N-0` at 10.77.0.1 and `tl-N-1` at 10.77.0.2. */
export interface Machines {
  names: readonly [string, string]
  addresses: readonly [string, string]
  /** The link's name in both. */
  link: string
  /** A command that runs in one of them. */
  on(machine: 0 | 1, command: readonly string[]): string[]
  /** Takes a machine's end of the link away. */
  cut(machine: 0 | 1): void
  close(): void
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })

/** Why two machines cannot be made here; undefined where they can. */
export function withoutNamespaces(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces want root on Linux'
  const name = `tl-${process.pid}-try`
  const made = spawnSync('ip', ['netns', 'add', name])
  if (made.error) return 'there is no `ip` (iproute2)'
  if (made.status !== 0) return `ip netns add: ${made.stderr}`
  spawnSync('ip', ['netns', 'del', name])
  return undefined
}

/** Makes them. */
export function twoMachines(): Machines {
  const names = [`tl-${process.pid}-0`, `tl-${process.pid}-1`] as const
  const addresses = ['10.77.0.1', '10.77.0.2'] as const
  const link = 'tl0'
  for (const name of names) ip('netns', 'add', name)
  ip('link', 'add', link, 'netns', names[0], 'type', 'veth', 'peer', 'name', link, 'netns', names[1])
  for (const [machine, name] of names.entries()) {
    ip('-n', name, 'addr', 'add', `${addresses[machine]}/24`, 'dev', link)
    ip('-n', name, 'link', 'set', 'lo', 'up')
    ip('-n', name, 'link', 'set', link, 'up')
  }
  return {
    names,
    addresses,
    link,
    on: (machine, command) => ['ip', 'netns', 'exec', names[machine], ...command],
    cut: (machine) => void ip('-n', names[machine], 'link', 'set', link, 'down'),
    close: () => {
      for (const name of names) spawnSync('ip', ['netns', 'del', name])
    },
  }
}
