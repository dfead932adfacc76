import { useState } from 'preact/hooks'

import { post } from '../api.js'
import { busy } from '../live.js'
import { Card, ChannelLink, Empty, Field, Time } from '../parts/pieces.jsx'
import { many, pretty } from '../format.js'
import { route } from '../router.js'
import { settings } from '../settings.js'
import { useStore } from '../store.js'

const KEPT = 20

/** What is wrong with a text that should be JSON; null if nothing is. */
function mistake(text) {
    try {
        JSON.parse(text)
        return null
    } catch (error) {
        return `This is not JSON: ${error.message.replace(/^JSON\.parse: /, '')}`
    }
}

function Form({ onSent }) {
    const { query } = useStore(route)
    const names = [...useStore(busy).keys()]
    const [values, setValues] = useState({ channel: query.channel ?? '', event: '', data: '{\n  "hello": "world"\n}' })
    const [errors, setErrors] = useState({})
    const [isSending, setSending] = useState(false)
    const wrong = mistake(values.data)
    const bind = (name) => ({
        id: name, name, value: values[name], 'aria-invalid': Boolean(errors[name]), 'aria-describedby': errors[name] ? `${name}-note` : undefined,
        onInput: ({ target }) => {
            setValues({ ...values, [name]: target.value })
            setErrors({ ...errors, [name]: undefined })
        },
    })

    const send = async (event) => {
        event.preventDefault()
        setSending(true)
        try {
            const { subscriptions } = await post('send', values)
            setErrors({})
            onSent({ ...values, subscriptions, time_ms: Date.now() })
        } catch (error) {
            setErrors(Object.keys(error.errors ?? {}).length > 0 ? error.errors : { form: error.message })
        }
        setSending(false)
    }

    return (
        <form class="form" onSubmit={send} noValidate>
            <Field label="Channel" id="channel" error={errors.channel} hint="The full name, with private- or presence- if it has that.">
                <input type="text" list="channels" autoComplete="off" spellcheck={false} placeholder="orders" {...bind('channel')} />
                <datalist id="channels">{names.map((name) => <option key={name} value={name} />)}</datalist>
            </Field>
            <Field label="Event" id="event" error={errors.event} hint="As broadcastAs() names it, or the name of the class.">
                <input type="text" autoComplete="off" spellcheck={false} placeholder="App\Events\OrderShipped" {...bind('event')} />
            </Field>
            <Field label="Data" id="data" error={errors.data ?? wrong}>
                <textarea rows={10} spellcheck={false} {...bind('data')} />
            </Field>
            {errors.form && <p class="problem" role="alert">{errors.form}</p>}
            <div class="actions">
                <button type="submit" class="button main" disabled={isSending || wrong !== null}>Send</button>
                <button type="button" class="button quiet" disabled={wrong !== null} onClick={() => setValues({ ...values, data: pretty(values.data) })}>Format the JSON</button>
            </div>
        </form>
    )
}

export function Send() {
    const [sent, setSent] = useState([])

    if (!settings.sender) {
        return <Card title="Send an event"><Empty title="The sender is switched off in this environment."><code>CANYON_DASHBOARD_SENDER=true</code> lets those who may see the dashboard send events.</Empty></Card>
    }
    return (
        <div class="pair">
            <Card title="Send an event"><Form onSent={(one) => setSent((before) => [one, ...before].slice(0, KEPT))} /></Card>
            <Card title="Sent from here" aria-live="polite">
                {sent.length === 0 ? <Empty title="Nothing yet.">An event goes the way of your application's own: through the same transport, to everybody who is subscribed.</Empty> : (
                    <ul class="rows">{sent.map((one) => (
                        <li key={one.time_ms}>
                            <Time ms={one.time_ms} />
                            <span><b>{one.event}</b> on <ChannelLink name={one.channel} />{one.subscriptions !== null && <span class="muted">, {one.subscriptions === 0 ? 'where nobody is subscribed' : many(one.subscriptions, 'subscription')}</span>}</span>
                        </li>
                    ))}</ul>
                )}
            </Card>
        </div>
    )
}
