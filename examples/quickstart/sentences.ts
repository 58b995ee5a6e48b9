import type { Example } from '../../lib/index.ts'

const pair = (text: string, textPair: string): Example => ({ text, textPair })

/** A few texts written for each task, none of them from its corpus, to see the trained classifier at work. */
const sentences: Readonly<Record<string, readonly Example[]>> = {
  sst2: [
    { text: 'A warm, funny film that I would gladly watch again.' },
    { text: 'Two hours of my life that nobody will give back to me.' },
    { text: 'The actors do their best, but the script leaves them nothing to do.' },
    { text: 'It is anything but boring.' },
  ],
  spam: [
    { text: 'You have been selected! Claim your free vacation now, limited time offer, click here.' },
    { text: 'Lower your monthly payments today: no credit check, guaranteed approval, call toll free.' },
    {
      text: 'Re: kernel panic after upgrade. Which version of the module do you load? My log looks different.',
    },
    { text: 'Shall we move the meeting to Thursday? I have the numbers that Anna asked for.' },
  ],
  cola: [{ text: 'The book that she wrote sold well.' }, { text: 'The book that she wrote it sold well.' }],
  mrpc: [
    pair('The company raised its forecast on Monday.', 'On Monday the company increased its forecast.'),
    pair('The company raised its forecast on Monday.', 'The company closed two of its plants on Monday.'),
  ],
  qqp: [
    pair('How do I learn to swim as an adult?', 'What is the best way for adults to learn swimming?'),
    pair('How do I learn to swim as an adult?', 'Which pool in Lisbon is open on Sundays?'),
  ],
  stsb: [
    pair('A man is playing the guitar.', 'Someone plays a guitar.'),
    pair('A man is playing the guitar.', 'The train leaves at noon.'),
  ],
  rte: [
    pair('The bridge, opened in 1932, joins the two halves of the city.', 'The bridge was opened in 1932.'),
    pair('The bridge, opened in 1932, joins the two halves of the city.', 'The bridge was built of wood.'),
  ],
  qnli: [
    pair('When was the bridge opened?', 'The bridge was opened to traffic in 1932.'),
    pair('When was the bridge opened?', 'The two halves of the city differ in many ways.'),
  ],
  mnli: [
    pair('She has lived in Porto all her life.', 'She has never lived anywhere else.'),
    pair('She has lived in Porto all her life.', 'She moved to Porto last year.'),
  ],
  wnli: [
    pair('The cup fell off the table because it was uneven.', 'The table was uneven.'),
    pair('The cup fell off the table because it was uneven.', 'The cup was uneven.'),
  ],
}

/** The texts for a task; for MNLI's second validation set those of MNLI. */
export function sentencesFor(task: string): readonly Example[] {
  return sentences[task.replace('_mismatched', '')] ?? []
}
