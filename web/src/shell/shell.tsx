import { type ReactNode, useEffect, useRef } from 'react'
import { Link, usePath } from '../ui/router.tsx'
import { KeyPrompt } from './key-prompt.tsx'
import { Readiness } from './readiness.tsx'
import './shell.css'
import { type Theme, useTheme } from './theme.ts'

const places = [
  { href: '/', title: 'Leaderboards', within: /^\/(leaderboards\/.*)?$/ },
  { href: '/people', title: 'People', within: /^\/people/ },
  { href: '/dial', title: 'Dial', within: /^\/dial/ },
  { href: '/recommend', title: 'Recommend', within: /^\/recommend/ },
  { href: '/signals', title: 'Signals', within: /^\/signals/ },
  { href: '/import', title: 'Import', within: /^\/import/ },
  { href: '/methods', title: 'Methods', within: /^\/methods/ },
]
const themes: readonly (readonly [Theme, string])[] = [
  ['system', 'Device theme'],
  ['light', 'Light theme'],
  ['dark', 'Dark theme'],
]

function Mark() {
  return (
    <svg viewBox="0 0 32 32" className="mark" aria-hidden="true">
      <path d="M4 15 L28 23" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" />
      <circle cx="9" cy="10.5" r="4.2" className="lighter" />
      <circle cx="21.5" cy="13" r="7" className="heavier" />
    </svg>
  )
}

/** What surrounds every page: the way to it, its theme, and what the server has to say for itself. */
export function Shell({ children, onReady }: { readonly children: ReactNode; readonly onReady: () => void }) {
  const path = usePath()
  const [theme, choose] = useTheme()
  const main = useRef<HTMLElement>(null)
  const shown = useRef(path)
  // As after a full page load, a screen reader begins at the new page and not in the link that was followed.
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    main.current?.focus({ preventScroll: true })
  }, [path])
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="masthead">
        <Link href="/" className="wordmark">
          <Mark />
          Penchant
        </Link>
        <nav aria-label="Pages">
          {places.map(({ href, title, within }) => (
            <Link key={href} href={href} {...(within.test(path) && { 'aria-current': 'page' as const })}>
              {title}
            </Link>
          ))}
        </nav>
        <select
          className="theme"
          aria-label="Theme"
          value={theme}
          onChange={(event) => choose(event.target.value as Theme)}
        >
          {themes.map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </header>
      <Readiness onReady={onReady} />
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
      <footer>
        <p>
          Penchant learns what people prefer from what they do. <a href="/openapi.json">API description</a> ·{' '}
          <a href="/source-sans-3.licence.txt">Source Sans</a> and{' '}
          <a href="/source-serif-4.licence.txt">Source Serif</a> under the OFL
        </p>
      </footer>
      <KeyPrompt />
    </>
  )
}
