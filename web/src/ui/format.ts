const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const percent = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 0 })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

/** A whole number with separators. */
export const formatCount = (value: number): string => whole.format(value)

/** A share between 0 and 1 in per cent. */
export const formatShare = (value: number): string => percent.format(value)

/** A number with a fixed number of places and a real minus sign. */
export function formatNumber(value: number, places = 2): string {
  const text = Math.abs(value).toFixed(places)
  return value < 0 && Number(text) !== 0 ? `−${text}` : text
}

/** The day of a moment, in UTC. */
export const formatDay = (time: number): string => day.format(time)

/** A moment, in UTC, to the minute. */
export const formatMoment = (time: number): string => moment.format(time)

/** A number with its noun in the right number. */
export function formatCounted(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`
}

/** A duration in the words one would use: seconds, then minutes, then hours. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return 'less than a second'
  if (seconds < 90) return formatCounted(Math.round(seconds), 'second')
  if (seconds < 5_400) return formatCounted(Math.round(seconds / 60), 'minute')
  return `${formatNumber(seconds / 3_600, 1)} hours`
}

/** A size in the unit that keeps it short. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB']
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${formatNumber(bytes / 1_024 ** step, step === 0 ? 0 : 1)} ${units[step]}`
}
