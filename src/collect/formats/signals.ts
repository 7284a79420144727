import { type Draft, type Format, type Row, rowByRow, signalBySignal } from './format.ts'

/** A row that is a signal already; what it lacks or has too much of is told when the signal is validated. */
function readSignal({ fields }: Row, source: string | undefined): Draft {
  return (source === undefined ? fields : { ...fields, source }) as unknown as Draft
}

/**
 * The project's own lines of JSON: one signal of any kind a line, as {@link signalSchema} describes it. Nothing is
 * lost in either direction. The signals keep the source they name, unless another is asked for.
 */
export const signals: Format = {
  name: 'signals',
  title: 'signals of any kind, complete',
  containers: ['jsonl', 'json'],
  detect: ({ columns }) => ['kind', 'id', 'rater', 'context', 'time', 'source'].every((name) => columns.includes(name)),
  reader: (options) => rowByRow((row) => [readSignal(row, options.sourceStated ? options.source : undefined)]),
  write: {
    containers: ['jsonl', 'json'],
    types: () => ({}),
    keeps: () => 'everything',
    writer: () => signalBySignal((signal) => signal),
  },
}
