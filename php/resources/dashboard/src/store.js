// A value that views can watch.

import { useEffect, useReducer } from 'preact/hooks'

export function createStore(value) {
    const watchers = new Set()
    return {
        get: () => value,
        set(next) {
            value = typeof next === 'function' ? next(value) : next
            for (const watcher of watchers) watcher()
        },
        merge(change) { this.set((before) => ({ ...before, ...change })) },
        watch(watcher) {
            watchers.add(watcher)
            return () => watchers.delete(watcher)
        },
    }
}

/** The value of a store, and a new one whenever it changes. */
export function useStore(store) {
    const [, draw] = useReducer((count) => count + 1, 0)
    useEffect(() => store.watch(draw), [store])
    return store.get()
}
