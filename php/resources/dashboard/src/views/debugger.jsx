import { useEffect, useReducer, useRef, useState } from 'preact/hooks'

import { get } from '../api.js'
import { Cable } from '../cable.js'
import { Card, Empty, Field, Json, Time } from '../parts/pieces.jsx'
import { many } from '../format.js'
import { route } from '../router.js'
import { settings } from '../settings.js'
import { useStore } from '../store.js'

const KEPT = 300
const STATES = { closed: 'Not connected', connecting: 'Connecting …', open: 'Connected' }
const MARKS = { pending: 'asking …', subscribed: 'subscribed', refused: 'refused' }
const WAYS = { in: ['←', 'received'], out: ['→', 'sent'], note: ['·', 'note'] }

/** The connection of this view, and what went over it, the newest first. It ends with the view. */
function useCable() {
    const [, draw] = useReducer((count) => count + 1, 0)
    const [frames, setFrames] = useState([])
    const cable = useRef(null)
    const counter = useRef(0)
    const onFrame = (frame) => setFrames((before) => [{ ...frame, id: ++counter.current }, ...before].slice(0, KEPT))
    useEffect(() => () => cable.current?.abandon(), [])

    const open = (user, guard) => {
        cable.current = new Cable({ user, guard, onFrame, onChange: draw })
        cable.current.open()
    }
    return { cable: cable.current, frames, open, clear: () => setFrames([]) }
}

function Who({ cable, onOpen }) {
    const [user, setUser] = useState('')
    const [guard, setGuard] = useState(settings.guards[0] ?? '')
    const [error, setError] = useState(null)
    const isOpen = cable !== null && cable.state !== 'closed'

    const connect = async (event) => {
        event.preventDefault()
        if (isOpen) return cable.close()
        try {
            // Nobody is a guest; somebody must be there.
            if (user.trim() !== '') await get('debugger/user', { user, guard })
            setError(null)
            onOpen(user.trim(), guard)
        } catch (problem) {
            setError(problem.message)
        }
    }

    return (
        <form class="form" onSubmit={connect}>
            <div class="columns">
                <Field label="User ID" id="user" error={error} hint="Leave it empty for a guest.">
                    <input type="text" id="user" value={user} disabled={isOpen} autoComplete="off" onInput={({ target }) => setUser(target.value)} aria-describedby="user-note" />
                </Field>
                <Field label="Guard" id="guard">
                    <select id="guard" value={guard} disabled={isOpen} onChange={({ target }) => setGuard(target.value)}>{settings.guards.map((name) => <option key={name}>{name}</option>)}</select>
                </Field>
            </div>
            <div class="actions">
                <button type="submit" class={isOpen ? 'button' : 'button main'}>{isOpen ? 'Disconnect' : 'Connect'}</button>
                <span class="muted" role="status" data-cable={cable?.state ?? 'closed'}>{STATES[cable?.state ?? 'closed']}{cable?.socketId ? ` as ${cable.user === '' ? 'a guest' : `user ${cable.user}`}, socket ${cable.socketId}` : ''}</span>
            </div>
        </form>
    )
}

function Subscriptions({ cable }) {
    const { query } = useStore(route)
    const [channel, setChannel] = useState(query.channel ?? '')
    const isOpen = cable?.state === 'open'
    const subscribe = (event) => {
        event.preventDefault()
        if (channel.trim() !== '') cable.subscribe(channel.trim())
    }

    return (
        <>
            <form class="form inline" onSubmit={subscribe}>
                <Field label="Channel" id="channel"><input type="text" id="channel" value={channel} placeholder="private-orders.7" autoComplete="off" spellcheck={false} onInput={({ target }) => setChannel(target.value)} /></Field>
                <button type="submit" class="button" disabled={!isOpen}>Subscribe</button>
            </form>
            {isOpen && cable.channels.size > 0 && (
                <ul class="subscriptions" aria-live="polite">{[...cable.channels].map(([name, { state, reason }]) => (
                    <li key={name} data-channel={name} data-state={state}>
                        <span class="mark">{MARKS[state]}</span><code class="channel">{name}</code>
                        <button type="button" class="link" onClick={() => cable.unsubscribe(name)}>{state === 'refused' ? 'Forget' : 'Leave'}<span class="hidden"> {name}</span></button>
                        {reason && <p class="why">{reason}</p>}
                    </li>
                ))}</ul>
            )}
        </>
    )
}

function Frame({ frame: { way, text, time_ms } }) {
    const [sign, name] = WAYS[way]
    const event = way === 'note' ? null : JSON.parse(text)
    return (
        <li class="frame" data-way={way}>
            <Time ms={time_ms} /><span class="way" title={name}><span aria-hidden="true">{sign}</span><span class="hidden">{name}</span></span>
            {event === null ? <span class="text">{text}</span> : (
                <details><summary><b>{event.event}</b> <span class="muted">{event.channel ?? event.data?.channel ?? ''}</span></summary><Json text={text} /></details>
            )}
        </li>
    )
}

export function Debugger() {
    const { cable, frames, open, clear } = useCable()

    if (!settings.debugger) {
        return <Card title="Debugger"><Empty title="The debugger is switched off in this environment."><code>CANYON_DASHBOARD_DEBUGGER=true</code> lets those who may see the dashboard see the channels of any user.</Empty></Card>
    }
    return (
        <div class="pair debugger">
            <div>
                <Card title="Connect as somebody"><Who cable={cable} onOpen={open} /></Card>
                <Card title="Subscriptions" aside={<span class="muted">routes/channels.php decides</span>}><Subscriptions cable={cable} /></Card>
            </div>
            <Card title="What goes over the wire" class="log" aside={<span class="muted">{many(frames.length, 'line')} <button type="button" class="link" onClick={clear}>Clear</button></span>}>
                {frames.length === 0 ? <Empty title="Nothing yet.">Connect, then subscribe to a channel. Private and presence channels are authorized as the chosen user.</Empty> : <ul>{frames.map((frame) => <Frame key={frame.id} frame={frame} />)}</ul>}
            </Card>
        </div>
    )
}
