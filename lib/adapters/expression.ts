import { TorchLoraError } from '../errors.ts'
import { parseExpression } from './expression-syntax.ts'
import type { Assertion, Test, Tree } from './expression-tree.ts'

/** Steps that the expressions of an adapter may take for the path of one module: a few milliseconds. */
export class Budget {
  #left = 100_000

  /** @throws TorchLoraError INVALID_ARGUMENT when there is no more */
  spend(steps: number): void {
    this.#left -= steps
    if (this.#left < 0)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        'the regular expressions for module names take too long; write shorter ones, or list the names',
      )
  }
}

/** Of one expression, all that a counted repetition copies included. */
const MAX_STATES = 10_000

type State =
  | { kind: 'character'; test: Test; next: number }
  | { kind: 'split'; next: number[] }
  | { kind: 'assertion'; test: Assertion; next: number }
  | { kind: 'look'; machine: Machine; wanted: boolean; next: number }
  | { kind: 'accept' }

/** Reads left to right, or right to left to know where a match begins that ends somewhere later. */
type Direction = 'forward' | 'backward'

interface Machine {
  states: State[]
  start: number
  direction: Direction
}

/**
 * A regular expression in Python's syntax, as PEFT's files have them, over short ASCII paths. It runs as a set of
 * states that goes over the text once (Thompson, 1968): its time is the product of the two lengths, where a
 * backtracking engine may take for ever. RE2 would do, but for lookaheads: configurations that leave modules out are
 * commonly written with them, and over whole texts they fit the same scheme, as a table of positions computed first.
 * Backreferences, atomic groups and conditions are refused.
 */
export class Expression {
  readonly #tree: Tree
  #forward: Machine | undefined
  #backward: Machine | undefined

  /** @throws TorchLoraError INVALID_ARGUMENT for what is no expression, or none of this syntax */
  constructor(pattern: string) {
    this.#tree = parseExpression(pattern)
  }

  /** Whether it matches the text from `start` to its end: `re.fullmatch`. */
  matches(text: string, budget: Budget, start = 0): boolean {
    return this.endsFrom(text, budget, start)[text.length] === 1
  }

  /** Where matches that begin at `start` may end: 1 for each such position. */
  endsFrom(text: string, budget: Budget, start = 0): Uint8Array {
    this.#forward ??= compile(this.#tree, 'forward')
    return run(this.#forward, text, budget, start)
  }

  /** Where matches that end with the text may begin. */
  startsToEnd(text: string, budget: Budget): Uint8Array {
    this.#backward ??= compile(this.#tree, 'backward')
    return run(this.#backward, text, budget, text.length)
  }
}

function compile(tree: Tree, direction: Direction): Machine {
  const states: State[] = [{ kind: 'accept' }]
  const add = (state: State): number => {
    if (states.length === MAX_STATES)
      throw new TorchLoraError(
        'INVALID_ARGUMENT',
        `a regular expression with more than ${MAX_STATES} states, counted repetitions included`,
      )
    return states.push(state) - 1
  }
  /** The state from which `node` leads to `next`. */
  const build = (node: Tree, next: number): number => {
    switch (node.kind) {
      case 'character':
        return add({ kind: 'character', test: node.test, next })
      case 'assertion':
        return add({ kind: 'assertion', test: node.test, next })
      case 'look': {
        // What lies ahead is read from the end, what lies behind from the start: each table takes one pass.
        const machine = compile(node.body, node.ahead ? 'backward' : 'forward')
        for (let i = 0; i < machine.states.length; i++) add({ kind: 'accept' }) // they count
        return add({ kind: 'look', machine, wanted: !node.negative, next })
      }
      case 'sequence': {
        const items = direction === 'forward' ? [...node.items].reverse() : node.items
        return items.reduce((after, item) => build(item, after), next)
      }
      case 'choice':
        return add({ kind: 'split', next: node.items.map((item) => build(item, next)) })
      case 'repeat': {
        let after = next
        if (node.most === Number.POSITIVE_INFINITY) {
          const loop: State = { kind: 'split', next: [next] }
          after = add(loop)
          loop.next.push(build(node.body, after))
        } else {
          for (let i = node.least; i < node.most; i++)
            after = add({ kind: 'split', next: [next, build(node.body, after)] })
        }
        for (let i = 0; i < node.least; i++) {
          const before = states.length
          after = build(node.body, after)
          if (states.length === before) break // of nothing, one is as good as many
        }
        return after
      }
    }
  }
  return { states, start: build(tree, 0), direction }
}

/**
 * One pass over a text. @param start the one position to begin at; null begins at every one
 * @returns 1 for each position at which a match that began may end
 */
function run(
  { states, start: first, direction }: Machine,
  text: string,
  budget: Budget,
  start: number | null,
): Uint8Array {
  const step = direction === 'forward' ? 1 : -1
  const last = direction === 'forward' ? text.length : 0
  const accepted = new Uint8Array(text.length + 1)
  const tables = new Map<Machine, Uint8Array>()
  const tableOf = (machine: Machine): Uint8Array => {
    let table = tables.get(machine)
    if (table === undefined) {
      table = run(machine, text, budget, null)
      tables.set(machine, table)
    }
    return table
  }
  const seen = new Int32Array(states.length).fill(-1)
  let active: number[] = []
  for (let at = start ?? text.length - last; ; at += step) {
    // Everything that is reached without reading a character, each state once.
    const waiting = start === null || at === start ? [...active, first] : active
    active = []
    budget.spend(1)
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      if (seen[state] === at) continue
      seen[state] = at
      budget.spend(1)
      const here = states[state] as State
      if (here.kind === 'accept') accepted[at] = 1
      else if (here.kind === 'character') active.push(state)
      else if (here.kind === 'split') waiting.push(...here.next)
      else if (
        here.kind === 'assertion' ? here.test(text, at) : (tableOf(here.machine)[at] === 1) === here.wanted
      )
        waiting.push(here.next)
    }
    if (at === last || (active.length === 0 && start !== null)) return accepted
    const code = text.charCodeAt(step === 1 ? at : at - 1)
    active = active.flatMap((state) => {
      const { test, next } = states[state] as Extract<State, { kind: 'character' }>
      return test(code) ? next : []
    })
  }
}
