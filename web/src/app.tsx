import { useCallback, useState } from 'react'
import { DialPage } from './dial/dial-page.tsx'
import { ImportPage } from './import/import-page.tsx'
import { JobPage } from './import/job-page.tsx'
import { BoardPage } from './leaderboards/board-page.tsx'
import { BoardsPage } from './leaderboards/boards-page.tsx'
import { MethodsPage } from './methods/methods-page.tsx'
import { PeoplePage } from './people/people-page.tsx'
import { PersonPage } from './people/person-page.tsx'
import { RecommendPage } from './recommend/recommend-page.tsx'
import { Shell } from './shell/shell.tsx'
import { SignalsPage } from './signals/signals-page.tsx'
import { Link, usePath } from './ui/router.tsx'
import { Empty } from './ui/state.tsx'

function Nowhere() {
  return (
    <Empty title="There is no such page">
      <p>
        <Link href="/">All leaderboards</Link>
      </p>
    </Empty>
  )
}

function Page({ path }: { readonly path: string }) {
  const [place = '', ...rest] = path.split('/').filter(Boolean).map(decodeURIComponent)
  const [one, two, ...beyond] = rest
  if (place === 'people' && one !== undefined && two !== undefined && beyond.length === 0)
    return <PersonPage key={`${one} ${two}`} source={one} id={two} />
  if (two !== undefined) return <Nowhere />
  if (place === '' || (place === 'leaderboards' && one === undefined)) return <BoardsPage />
  if (place === 'leaderboards' && one !== undefined) return <BoardPage key={one} name={one} />
  if (place === 'people' && one === undefined) return <PeoplePage />
  if (place === 'dial' && one === undefined) return <DialPage />
  if (place === 'recommend' && one === undefined) return <RecommendPage />
  if (place === 'signals' && one === undefined) return <SignalsPage />
  if (place === 'import') return one === undefined ? <ImportPage /> : <JobPage key={one} id={one} />
  if (place === 'methods' && one === undefined) return <MethodsPage />
  return <Nowhere />
}

/** The studio: the page that the address names, within what surrounds every page. */
export function App() {
  const path = usePath()
  // Pages are made anew once the server has loaded what was missing when they were first shown.
  const [generation, setGeneration] = useState(0)
  const renew = useCallback(() => setGeneration((before) => before + 1), [])
  return (
    <Shell onReady={renew}>
      <Page key={generation} path={path} />
    </Shell>
  )
}
