/** The signals of a board are such that its model cannot be fitted to them: the message says what would help. */
export class UnfitBoardError extends RangeError {
  override readonly name = 'UnfitBoardError'
}
