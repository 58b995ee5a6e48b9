import { TorchLoraError } from '../errors.ts'

/** cross_entropy_loss's ignore_index: what a padding sequence, a special token and all but the first of a word have. */
export const ignored = -100

/**
 * Checks the classes of a batch before they reach a device: on a GPU one without an output would be an error of the
 * device, after which the process could not use it any more.
 * @param classes outputs of the head
 * @throws TorchLoraError INVALID_ARGUMENT for a class that is neither one of them nor `ignored`
 */
export function checkClasses(labels: readonly number[], classes: number): void {
  for (const label of labels) {
    if (label === ignored || (Number.isInteger(label) && label >= 0 && label < classes)) continue
    throw new TorchLoraError(
      'INVALID_ARGUMENT',
      `labels: expected classes from 0 to ${classes - 1}, the outputs of the model, or ${ignored} for none, received ${label}`,
    )
  }
}
