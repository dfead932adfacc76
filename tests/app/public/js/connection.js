// Laravel Echo, exactly as an application uses it, and fetch with the headers Laravel wants.

const settings = JSON.parse(document.getElementById('canyon').textContent)

const TERMINATED = 4009

let echo = null

/** Connects this window. `token` is the API token of the window's user, if it has one. */
export function connect(token = null) {
    if (!window.Echo || !window.Pusher) {
        paint('failed', 'Echo did not load')
        throw new Error('laravel-echo or pusher-js did not load from /npm; `make setup` installs them.')
    }
    // The IIFE build of Echo 2 exports a namespace.
    echo = new window.Echo.default({
        broadcaster: 'reverb',
        key: settings.key,
        wsHost: settings.host,
        wsPort: settings.port,
        wssPort: settings.port,
        forceTLS: false,
        enabledTransports: ['ws', 'wss'],
        bearerToken: token,
    })
    // Only who is signed in can be found and disconnected by the application.
    if (token) echo.connector.signin()
    showState()
    return echo
}

export function disconnect() {
    echo?.disconnect()
    echo = null
    paint('idle', 'Not connected')
}

/** Calls back each time the connection is there again after it was lost: what was sent in between is gone. */
export function onReturn(callback) {
    let lost = false
    echo.connector.pusher.connection.bind('state_change', ({ previous, current }) => {
        if (previous === 'connected') lost = true
        if (current === 'connected' && lost) {
            lost = false
            callback()
        }
    })
}

/** Calls back when the application has closed the connections of this window's user: pusher-js does not come back from that. */
export function onTerminated(callback) {
    echo.connector.pusher.connection.bind('error', ({ data }) => {
        if (data?.code === TERMINATED) callback()
    })
}

/** fetch() as JSON. Throws an Error with `status` and a message for people. */
export async function api(method, path, body, token = null) {
    const headers = {
        Accept: 'application/json',
        'X-CSRF-TOKEN': document.querySelector('meta[name="csrf-token"]').content,
    }
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    if (token) headers.Authorization = `Bearer ${token}`
    // Lets Laravel's toOthers() leave out this window.
    if (echo?.socketId()) headers['X-Socket-ID'] = echo.socketId()

    const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
        .catch(() => { throw new Error('The application does not answer. Is the demo still running?') })
    if (response.status === 204) return null

    const data = await response.json().catch(() => ({}))
    if (!response.ok) {
        const message = response.status === 419 ? 'This page is from an earlier run of the demo: reload it.' : data.message
        throw Object.assign(new Error(message ?? `The application answered ${response.status}.`), { status: response.status })
    }
    return data
}

function showState() {
    const names = {
        connected: 'Connected',
        failed: 'No WebSocket here',
        disconnected: 'Disconnected',
    }
    let before = false
    const show = (state) => {
        before ||= state === 'connected'
        const waiting = before ? ['reconnecting', 'Reconnecting…'] : ['connecting', 'Connecting…']
        paint(...(names[state] ? [state, names[state]] : waiting))
    }
    const { connection } = echo.connector.pusher
    connection.bind('state_change', ({ current }) => show(current))
    // A lost connection keeps the state "connected" until the first new attempt, a second later.
    connection.bind('connecting_in', () => show('connecting'))
    show(connection.state)
}

function paint(state, text) {
    const pill = document.getElementById('link')
    pill.dataset.state = state
    pill.lastElementChild.textContent = text
}

// A window of its own, without this window's sessionStorage.
document.querySelectorAll('[data-second-window]').forEach((button) => button.addEventListener('click', () => {
    const [width, height] = [Math.round(screen.availWidth / 2), screen.availHeight]
    window.open(location.href, '_blank', `noopener,width=${width},height=${height},left=${width},top=0`)
}))
