import type { Example } from '../../lib/data/index.ts'
import { Random } from '../../lib/data/random.ts'

/** What a support desk is written: by class, how a message begins, goes on and ends. */
const parts: Readonly<Record<string, readonly (readonly string[])[]>> = {
  billing: [
    ['My invoice', 'The last bill', 'The charge on my card', 'Our subscription', 'The receipt from May'],
    ['shows the wrong sum', 'was paid twice', 'includes tax we do not owe', 'costs more than we agreed'],
    ['please refund the rest.', 'can you send a corrected one?', 'our accounting needs this.', 'help!'],
  ],
  bug: [
    ['The app', 'Your website', 'The export button', 'The login page', 'Search'],
    ['crashes when I open a file', 'shows a blank screen', 'freezes after the update', 'does not load'],
    ['I attached the log.', 'it happens every time.', 'restarting did not help.', 'help!'],
  ],
  praise: [
    ['I love', 'We really enjoy', 'Great work on', 'Thank you so much for', 'I am impressed by'],
    ['the new design', 'how friendly you are', 'the dark theme', 'the quick answer yesterday'],
    ['keep it up!', 'it made my day.', 'you are the best.', 'five stars from us.'],
  ],
}

/** Easy texts of three classes, in turn; the same seed gives the same. */
export function tickets(count: number, seed: number): Example[] {
  const random = new Random(seed)
  const pick = (of: readonly string[]) => of[random.below(of.length)]!
  const labels = Object.keys(parts)
  return Array.from({ length: count }, (_, i) => {
    const label = labels[i % labels.length]!
    const [opening, middle, end] = parts[label]!.map(pick)
    return { text: `${opening} ${middle}, ${end}`, label }
  })
}
