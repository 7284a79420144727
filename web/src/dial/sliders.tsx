import type { ModelAspect } from '../api/model.ts'
import { formatNumber } from '../ui/format.ts'

/** How fine sliders are. */
export const sliderStep = 0.05

export interface SlidersProps {
  readonly aspects: readonly ModelAspect[]
  /** From −1 to 1, one per aspect. */
  readonly weights: readonly number[]
  readonly onChange: (weights: readonly number[]) => void
}

const words = (name: string): string => {
  const text = name.replaceAll('-', ' ')
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

const signed = (weight: number): string => (weight > 0 ? `+${formatNumber(weight)}` : formatNumber(weight))

/** A slider per aspect, from away from it to towards it. */
export function Sliders({ aspects, weights, onChange }: SlidersProps) {
  return (
    <div className="sliders">
      {aspects.map(({ name, more }, k) => {
        const weight = weights[k] ?? 0
        return (
          <label key={name} className={weight > 0 ? 'to' : weight < 0 ? 'from' : 'neither'}>
            <span className="name">
              {words(name)} <span className="soft small">{more}</span>
            </span>
            <output className="number">{signed(weight)}</output>
            <input
              type="range"
              min={-1}
              max={1}
              step={sliderStep}
              value={weight}
              aria-label={words(name)}
              aria-valuetext={`${signed(weight)}: ${weight > 0 ? more : weight < 0 ? `not ${more}` : 'no matter'}`}
              onChange={(event) => onChange(weights.map((one, at) => (at === k ? Number(event.target.value) : one)))}
            />
          </label>
        )
      })}
    </div>
  )
}
