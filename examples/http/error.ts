// What a server refuses, with the status that says so. Handlers throw it too: `throw new HttpError(404, 'there is no such bird')`.

/** An error that is answered with its status, and not reported as a fault of the handler. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  /** Headers of the answer, such as `allow` of a 405. */
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}
