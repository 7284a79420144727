import { formatCount, formatDuration } from '../ui/format.ts'

/** Before this much is known, an estimate would only jump about. */
const firstEstimateMs = 1_500

/** Seconds that are left if it goes on as it went, once that can be said. */
export function secondsLeft(done: number, total: number | undefined, elapsedMs: number): number | undefined {
  if (total === undefined || done <= 0 || done >= total || elapsedMs < firstEstimateMs) return undefined
  return ((total - done) / done) * (elapsedMs / 1000)
}

export interface MeterProps {
  readonly label: string
  readonly done: number
  readonly total: number | undefined
  /** By the clock of `performance.now()`. */
  readonly startedAt: number
  /** How amounts are written; default as whole numbers. */
  readonly show?: (amount: number) => string
}

/** How far something is, and how long it will still take. */
export function Meter({ label, done, total, startedAt, show = formatCount }: MeterProps) {
  const left = secondsLeft(done, total, performance.now() - startedAt)
  const known = total !== undefined && total > 0
  return (
    <div className="meter">
      <p className="row">
        <span>{label}</span>
        <span className="soft small">
          {known ? `${show(done)} of ${show(total)}` : done > 0 ? show(done) : ''}
          {left !== undefined && `, about ${formatDuration(left)} left`}
        </span>
      </p>
      <progress aria-label={label} {...(known && { value: Math.min(done, total), max: total })} />
    </div>
  )
}
