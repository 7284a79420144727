/** A model could not be asked: what it answered, after how many attempts. Holds no keys. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
  /** HTTP status of the last answer; absent when there was none, as when the time was up. */
  readonly status?: number
  readonly attempts: number
  constructor(message: string, about: { readonly status?: number; readonly attempts: number }) {
    super(message)
    this.attempts = about.attempts
    if (about.status !== undefined) this.status = about.status
  }
}

/** A model answered, again and again, with something that does not have the form it was asked for. */
export class AnswerFormError extends Error {
  override readonly name = 'AnswerFormError'
  /** The model's last answer. */
  readonly answer: string
  constructor(message: string, answer: string) {
    super(message)
    this.answer = answer
  }
}
