import { type AnchorHTMLAttributes, type MouseEvent, useCallback, useSyncExternalStore } from 'react'

const changed = 'penchant:navigated'

function subscribe(listener: () => void): () => void {
  addEventListener('popstate', listener)
  addEventListener(changed, listener)
  return () => {
    removeEventListener('popstate', listener)
    removeEventListener(changed, listener)
  }
}

/** The path of the page shown. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname)
}

/** Goes to another address of the studio. `replace` leaves no step to go back to. */
export function navigate(to: string, options: { readonly replace?: boolean } = {}): void {
  const pathBefore = location.pathname
  history[options.replace ? 'replaceState' : 'pushState'](null, '', to)
  if (location.pathname !== pathBefore) scrollTo(0, 0)
  dispatchEvent(new Event(changed))
}

/** A change to the query: undefined and empty values take the parameter away. */
export type QueryChange = { readonly [name: string]: string | readonly string[] | undefined }

/** The address with its query changed. */
export function withQuery(search: URLSearchParams, change: QueryChange): string {
  const next = new URLSearchParams(search)
  for (const [name, value] of Object.entries(change)) {
    next.delete(name)
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) if (one !== '') next.append(name, one)
  }
  return next.size > 0 ? `${location.pathname}?${next}` : location.pathname
}

/** The query of the page shown, and a way to change it that keeps what it does not name. */
export function useQuery(): readonly [URLSearchParams, (change: QueryChange, options?: { replace?: boolean }) => void] {
  const search = useSyncExternalStore(subscribe, () => location.search)
  const change = useCallback((change: QueryChange, options?: { replace?: boolean }) => {
    navigate(withQuery(new URLSearchParams(location.search), change), options)
  }, [])
  return [new URLSearchParams(search), change]
}

/** A link within the studio: no reload, and every way of opening links elsewhere still works. */
export function Link(props: AnchorHTMLAttributes<HTMLAnchorElement> & { readonly href: string }) {
  const { onClick, href, ...rest } = props
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event)
    const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0
    if (event.defaultPrevented || elsewhere) return
    event.preventDefault()
    navigate(href)
  }
  return <a {...rest} href={href} onClick={follow} />
}
