import { useState } from 'react'

export type Theme = 'system' | 'light' | 'dark'
const storage = 'penchant-theme'

function stored(): Theme {
  const value = localStorage.getItem(storage)
  return value === 'light' || value === 'dark' ? value : 'system'
}

/** The theme chosen on this device, and a way to choose another. `system` follows the device's own setting. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(stored)
  const choose = (next: Theme): void => {
    if (next === 'system') {
      localStorage.removeItem(storage)
      delete document.documentElement.dataset['theme']
    } else {
      localStorage.setItem(storage, next)
      document.documentElement.dataset['theme'] = next
    }
    setTheme(next)
  }
  return [theme, choose]
}
