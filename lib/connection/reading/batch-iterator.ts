// The async iterator of `lineBatches` and `batches`.

import { splitterFor } from '../../bytes/split.js'
import { type BatchFormat, NextBatch } from './batch-read.js'
import { ReadIterator } from './iterators.js'
import { ParkedBatch } from './parked-batch.js'
import type { ResolvedReadOptions } from './read-options.js'

export interface BatchItem<T> {
  readonly options: ResolvedReadOptions
  readonly format: BatchFormat<T>
}

/** The format of the batches of an iteration, of its checked arguments. */
export function batchFormat<T extends string | Buffer>(of: Omit<BatchFormat<T>, 'splitter'>): BatchFormat<T> {
  return { ...of, splitter: splitterFor<T>(of) }
}

export class BatchIterator<T extends string | Buffer> extends ReadIterator<T[], BatchItem<T>> {
  #parked: ParkedBatch<T> | undefined

  // A batch costs one read object, however many messages it holds, so that a fast path would save little.
  protected takeFast(): undefined {}

  protected readItem({ options, format }: BatchItem<T>): Promise<IteratorResult<T[]>> {
    return (
      this.#park(options, format) ??
      this.readHalf.begin((limit) => new NextBatch(limit, this, format, this.readHalf, this.lock), options, this.lock, true)
    )
  }

  /** Parks the read of the next batch if it has to wait. Undefined: use the slow path. */
  #park({ signal, timeout, idle }: ResolvedReadOptions, format: BatchFormat<T>): Promise<IteratorResult<T[]>> | undefined {
    const { splitter, skips } = format
    if (splitter === undefined || this.lock !== undefined || signal !== undefined || timeout !== undefined || idle === false)
      return undefined
    if (skips && this.readHalf.overflowing) return undefined
    this.#parked ??= new ParkedBatch(format, splitter, this, this.readHalf)
    return this.readHalf.park(this.#parked, true)
  }
}
