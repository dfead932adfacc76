// Light or dark: as the system has it, until somebody chooses.

import { createStore } from './store.js'

const KEY = 'canyon-dashboard-theme'
const system = window.matchMedia('(prefers-color-scheme: dark)')

function chosen() {
    try {
        return window.localStorage.getItem(KEY)
    } catch {
        return null
    }
}

const current = () => chosen() ?? (system.matches ? 'dark' : 'light')

export const theme = createStore(current())

function apply() {
    document.documentElement.dataset.theme = current()
    theme.set(current())
}

system.addEventListener('change', apply)
apply()

export function toggleTheme() {
    const next = current() === 'dark' ? 'light' : 'dark'
    try {
        // What the system says anyway is no choice.
        if (next === (system.matches ? 'dark' : 'light')) window.localStorage.removeItem(KEY)
        else window.localStorage.setItem(KEY, next)
    } catch {
        // Without storage, the system decides.
    }
    apply()
}
