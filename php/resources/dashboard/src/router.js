// The views of the page, each with a URL of its own.

import { createStore } from './store.js'
import { settings } from './settings.js'

function read() {
    const { pathname, search } = window.location
    return { view: pathname.slice(settings.base.length).replace(/^\/|\/$/g, '') || 'overview', query: Object.fromEntries(new URLSearchParams(search)) }
}

export const route = createStore(read())

window.addEventListener('popstate', () => route.set(read()))

export function href(view, query = {}) {
    const path = view === 'overview' ? settings.base || '/' : `${settings.base}/${view}`
    const text = new URLSearchParams(query).toString()
    return text ? `${path}?${text}` : path
}

export function go(view, query = {}, { replace = false } = {}) {
    window.history[replace ? 'replaceState' : 'pushState'](null, '', href(view, query))
    route.set(read())
    if (!replace) window.scrollTo(0, 0)
}

/** For links: goes there without loading the page, unless another window is asked for. */
export function followed(view, query) {
    return (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
        event.preventDefault()
        go(view, query)
    }
}
