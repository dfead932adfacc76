// "How it travelled": when PHP let go of an event, how long that took, and when it was here.

const panel = document.getElementById('journey')
const part = (name) => panel.querySelector(`[data-part="${name}"]`)

const KEPT = 6
const journeys = new Map()
// Figures that came before the event (or the answer to our own request) they belong to.
const early = new Map()

const clockOffset = calibrate()

/** Shows the measurements of this Echo connection. */
export function watchJourneys(echo) {
    echo.channel('journeys').listen('JourneyMeasured', ({ id, micros }) => {
        const journey = journeys.get(id)
        if (journey) {
            journey.micros = micros
            render()
        } else {
            remember(early, id, micros, 20)
        }
    })
}

/** Notes when events of this channel arrive, before any other listener has had its turn. */
export function track(channel) {
    channel.listenToAll((event, data) => {
        const now = performance.now()
        if (!data?.journey) return
        const { id, left_at: leftAt } = data.journey
        add({ id, event: event.replace(/^\./, ''), channel: channel.name, millis: now + clockOffset - leftAt })
    })
}

/** Notes an event that this window caused and, thanks to toOthers(), does not get back. */
export function sent(id, event, channel) {
    add({ id, event, channel: channel.name, millis: null })
}

function add(journey) {
    journey.micros = early.get(journey.id)
    remember(journeys, journey.id, journey, KEPT)
    render()

    // Removing a class and adding it again restarts its animation only if the layout is computed in between.
    panel.classList.remove('flying')
    void panel.offsetWidth
    panel.classList.add('flying')
}

function remember(map, key, value, limit) {
    map.set(key, value)
    if (map.size > limit) map.delete(map.keys().next().value)
}

function render() {
    const all = [...journeys.values()].reverse()
    const latest = all[0]

    part('event').textContent = `${latest.event} on ${latest.channel}`
    part('published').replaceChildren(...published(latest))
    const received = part('received')
    received.classList.toggle('words', latest.millis === null)
    received.replaceChildren(...(latest.millis === null ? ['not sent back here: toOthers()'] : figure(latest.millis, 'ms')))

    part('log').replaceChildren(...all.slice(1).map((journey) => {
        const item = document.createElement('li')
        for (const content of [[journey.event], published(journey), journey.millis === null ? ['to others'] : figure(journey.millis, 'ms')]) {
            const cell = document.createElement('span')
            cell.append(...content)
            item.append(cell)
        }
        return item
    }))
}

function published({ micros }) {
    return micros === undefined ? ['…'] : figure(micros, 'µs')
}

function figure(value, unit) {
    const small = document.createElement('small')
    small.textContent = ` ${unit}`
    return [value < 9.95 ? value.toFixed(1) : String(Math.round(value)), small]
}

// performance.now() is fine-grained but starts anywhere, Date.now() is wall-clock time but counts whole milliseconds:
// wait for a millisecond to begin, once, to know their distance.
function calibrate() {
    const start = Date.now()
    let now
    do now = Date.now(); while (now === start)
    return now - performance.now()
}
