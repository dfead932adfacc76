import { render } from 'preact'
import { useEffect, useRef } from 'preact/hooks'

import { link, server } from './live.js'
import { Mark, Moon, Sun } from './parts/icons.jsx'
import { Notice, Pill } from './parts/notice.jsx'
import { Link } from './parts/pieces.jsx'
import { duration } from './format.js'
import { route } from './router.js'
import { settings } from './settings.js'
import { useStore } from './store.js'
import { theme, toggleTheme } from './theme.js'
import { Channels } from './views/channels.jsx'
import { Debugger } from './views/debugger.jsx'
import { Events } from './views/events.jsx'
import { Overview } from './views/overview.jsx'
import { Refusals } from './views/refusals.jsx'
import { Send } from './views/send.jsx'
import './style/index.css'

const VIEWS = {
    overview: ['Overview', Overview],
    channels: ['Channels', Channels],
    events: ['Events', Events],
    refusals: ['Refusals', Refusals],
    send: ['Send', Send],
    debugger: ['Debugger', Debugger],
}

function Header({ view }) {
    const look = useStore(theme)
    const nav = useRef()
    // On a phone not all of them have room.
    useEffect(() => nav.current.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [view])
    return (
        <header class="top">
            <Link to="overview" class="brand"><Mark /><b>Canyon</b><span>{settings.application}</span></Link>
            <nav aria-label="Views" ref={nav}>
                {Object.entries(VIEWS).map(([key, [name]]) => <Link key={key} to={key} aria-current={key === view ? 'page' : undefined}>{name}</Link>)}
            </nav>
            <Pill />
            <button type="button" class="icon" onClick={toggleTheme} aria-label={look === 'dark' ? 'Light colours' : 'Dark colours'} title={look === 'dark' ? 'Light colours' : 'Dark colours'}>
                {look === 'dark' ? <Sun /> : <Moon />}
            </button>
        </header>
    )
}

function Footer() {
    const about = useStore(server)
    useStore(link)
    return (
        <footer class="bottom">
            {about && <span>Canyon {about.version}, started {duration(Date.now() - about.startedAt)} ago</span>}
            <span class="muted">Times are those of this browser.</span>
        </footer>
    )
}

function App() {
    const { view } = useStore(route)
    const [name, View] = VIEWS[view] ?? VIEWS.overview
    useEffect(() => { document.title = `${name} · Canyon` }, [name])
    return (
        <>
            <a class="skip" href="#main">Skip to the page</a>
            <Header view={view} />
            <main id="main" tabIndex={-1}>
                <h1 class="hidden">{name}</h1>
                <Notice />
                <View />
            </main>
            <Footer />
        </>
    )
}

render(<App />, document.getElementById('app'))
