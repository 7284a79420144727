import { expect, it } from 'vitest'
import { traitParameter } from './signal.ts'

it('quotes a text trait that would otherwise read as a number or a truth value', () => {
  expect(traitParameter('country', 'PT')).toBe('country:PT')
  expect(traitParameter('age', 30)).toBe('age:30')
  expect(traitParameter('age', '30')).toBe('age:"30"')
  expect(traitParameter('works', 'true')).toBe('works:"true"')
  expect(traitParameter('works', true)).toBe('works:true')
  expect(traitParameter('note', '"so"')).toBe('note:""so""')
})
