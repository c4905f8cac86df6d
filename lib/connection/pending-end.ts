// The promise of `end()` while this side's end of stream waits behind what is queued.

import { markHandled } from '../rejections.js'

/** The end of stream that `end()` waits for. */
export class PendingEnd {
  readonly since: number = Date.now()
  resolve!: () => void
  reject!: (error: unknown) => void
  readonly promise: Promise<void> = markHandled(
    new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    }),
  )
}
