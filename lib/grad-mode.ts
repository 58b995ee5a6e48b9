import { guarded } from './native.ts'
import { activeRecording } from './recording.ts'

/**
 * Runs `body` without recording for autograd: results require no gradient, and leaves may be changed in place.
 * Works eagerly and inside `compile`.
 */
export function noGrad<T>(body: () => T): T {
  const recording = activeRecording()
  if (recording) {
    if (!recording.gradEnabled) return body()
    recording.setGradMode(false)
    try {
      return body()
    } finally {
      recording.setGradMode(true)
    }
  }
  const before = guarded((native) => native.setGradMode(false))
  try {
    return body()
  } finally {
    guarded((native) => native.setGradMode(before))
  }
}
