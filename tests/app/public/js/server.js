import { connect } from './connection.js'

const EVERY = 2000

connect()
setInterval(refresh, EVERY)

/** Takes the facts from a fresh copy of this page, unless somebody is about to press a button in the old ones. */
async function refresh() {
    const facts = document.getElementById('facts')
    if (document.hidden || facts.matches(':focus-within')) return

    // Without an answer, what stands there is all there is.
    const response = await fetch(location.href).catch(() => null)
    if (!response?.ok) return

    const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('facts')
    if (fresh) facts.replaceWith(fresh)
}
