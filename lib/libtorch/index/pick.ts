import { TorchLoraError } from '../../errors.ts'
import { shownUrl, type Transport } from '../transport.ts'
import { foundLinks, type Link, projectLinks } from './links.ts'
import { pinned } from './pins.ts'
import { compareVersions, isStable } from './requirement.ts'
import type { IndexSettings } from './settings.ts'
import { type Machine, parseWheelName, runsOn, type WheelName } from './wheel-name.ts'

/** A wheel that an index offers for this machine. */
export interface Wheel extends Link, Pick<WheelName, 'version' | 'project'> {}

/** The indexes of one user, each project's page read once. */
export class Indexes {
  readonly #settings: IndexSettings
  readonly #transport: Transport
  readonly #machine: Machine
  readonly #signal: AbortSignal | undefined
  readonly #pages = new Map<string, Promise<Wheel[]>>()
  /** What could not be asked, in words: none of it matters where another index has the wheel. */
  readonly failures: TorchLoraError[] = []

  constructor(
    settings: IndexSettings,
    options: { transport: Transport; machine: Machine; signal?: AbortSignal },
  ) {
    this.#settings = settings
    this.#transport = options.transport
    this.#machine = options.machine
    this.#signal = options.signal
  }

  /** False with pip's `no-index`. */
  get online(): boolean {
    return this.#settings.indexes.length > 0
  }

  /** The places that are asked, for messages; without passwords. */
  get places(): string[] {
    return [...this.#settings.indexes, ...this.#settings.findLinks].map(shownUrl)
  }

  /**
   * The wheels of a project that run on this machine, best first: newest version, then the Python that most have; the
   * places in the order in which pip's settings name them.
   * @param also a further index to ask
   * @throws TorchLoraError ABORTED
   */
  wheels(project: string, also?: string): Promise<Wheel[]> {
    const key = `${project} ${also ?? ''}`
    const known = this.#pages.get(key) ?? this.#ask(project, also)
    this.#pages.set(key, known)
    return known
  }

  /** The newest wheel of an accepted version; undefined where no index has one. */
  async newest(project: string, accepts: (version: string) => boolean): Promise<Wheel | undefined> {
    const all = (await this.wheels(project)).filter((wheel) => !wheel.yanked && accepts(wheel.version))
    return all.find(({ version }) => isStable(version)) ?? all[0]
  }

  async #ask(project: string, also: string | undefined): Promise<Wheel[]> {
    const { indexes, findLinks } = this.#settings
    if (also && !this.online) return []
    const asked = also
      ? [projectLinks(also, project, this.#transport, this.#signal)]
      : [
          ...findLinks.map((place) => foundLinks(place, this.#transport, this.#signal)),
          ...indexes.map((index) => projectLinks(index, project, this.#transport, this.#signal)),
        ]
    const answers = await Promise.allSettled(asked)
    const wheels = answers.flatMap((answer) => {
      if (answer.status === 'fulfilled') return answer.value ?? []
      if (!(answer.reason instanceof TorchLoraError) || answer.reason.code === 'ABORTED') throw answer.reason
      this.failures.push(answer.reason)
      return []
    })
    return wheels
      .flatMap((link) => {
        const name = parseWheelName(link.name)
        return name?.project === project && runsOn(name, this.#machine) ? [{ ...link, ...name }] : []
      })
      .sort((a, b) => compareVersions(b.version, a.version) || preference(b.name) - preference(a.name))
  }
}

/**
 * The libraries are the same for every Python: one whose hash this package has comes first, and a wheel of a
 * free-threaded or brand-new Python is the odd one out.
 */
function preference(name: string): number {
  const order = ['-cp310-cp310-', '-cp313-cp313-', '-cp311-cp311-', '-cp312-cp312-']
  return order.findIndex((tag) => name.includes(tag)) + (pinned.has(name) ? order.length : 0)
}
