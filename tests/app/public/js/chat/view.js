// The elements of a room. Knows how things look, nothing of where they come from.

const byId = (id) => document.getElementById(id)

export function avatar(user, attributes = {}) {
    const element = Object.assign(document.createElement('span'), { className: 'avatar', textContent: user.name[0], ...attributes })
    element.style.setProperty('--hue', user.hue)
    element.setAttribute('aria-hidden', 'true')
    return element
}

function make(tag, className, ...children) {
    const element = document.createElement(tag)
    element.className = className
    element.append(...children)
    return element
}

export class RoomView {
    #stream = byId('stream')
    #composer = byId('composer')
    #lines = new Map()

    constructor({ name, topic, me, onSend, onInput }) {
        this.me = me
        this.onSend = onSend
        this.clear()
        byId('room-name').textContent = name
        byId('room-topic').textContent = topic
        this.#composer.onsubmit = (event) => this.#submit(event)
        this.#composer.elements.body.oninput = onInput
        this.#composer.elements.body.placeholder = `Say something in ${name}`
    }

    clear() {
        this.#lines.clear()
        this.#stream.replaceChildren()
        this.#stream.hidden = false
        this.#composer.hidden = false
        this.#composer.reset()
        byId('refused').hidden = true
        this.drawMembers(new Map())
        this.drawTyping([])
    }

    drawMembers(members) {
        const sorted = [...members.values()].sort((a, b) => a.name.localeCompare(b.name))
        byId('count').textContent = sorted.length
        byId('members').replaceChildren(...sorted.map((user) => {
            const item = make('li', '', avatar(user), make('span', 'name', user.name))
            item.dataset.member = user.id
            item.title = user.name
            if (user.id === this.me.id) item.append(make('small', '', 'you'))
            return item
        }))
    }

    drawMessages(messages) {
        this.#stayingAtTheEnd(() => {
            for (const message of messages) {
                if (this.#lines.has(message.id)) continue
                const line = this.#line(message)
                this.#lines.set(message.id, line)
                this.#stream.append(line)
            }
        })
    }

    /** Puts everybody's small avatar below the last message they have seen. */
    drawReaders(readers, messages) {
        const places = new Map()
        for (const { user, upTo } of readers.values()) {
            if (user.id === this.me.id) continue
            // Whoever answered has read what was there.
            const seen = Math.max(0, ...[...messages.values()].filter(({ id, user: by }) => id <= upTo || by.id === user.id).map(({ id }) => id))
            if (seen && messages.get(seen).user.id !== user.id) places.set(seen, [...(places.get(seen) ?? []), user])
        }
        this.#stayingAtTheEnd(() => this.#lines.forEach((line, id) => this.#showReaders(line, places.get(id) ?? [])))
    }

    #showReaders(line, users) {
        const element = line.querySelector('.readers')
        const ids = users.map((user) => user.id).join()
        if (element.dataset.users === ids) return

        element.dataset.users = ids
        const names = users.map((user) => user.name).join(', ')
        element.replaceChildren(...(users.length ? [`read by ${names}`, ...users.map((user) => avatar(user))] : []))
    }

    drawTyping(names) {
        const text = names.length === 1 ? `${names[0]} is typing` : `${names.join(' and ')} are typing`
        byId('typing').replaceChildren(...(names.length ? [make('i', '', make('b', '')), text] : []))
    }

    note(text) {
        this.#stayingAtTheEnd(() => this.#stream.append(make('li', 'note', text)))
    }

    drawRefusal(title, refusals, status) {
        const box = byId('refused')
        box.hidden = false
        box.querySelector('h3').textContent = title
        box.querySelector('p').textContent = status === 403
            ? 'Laravel’s channel callbacks said no: /broadcasting/auth signed nothing, and without a signature the server lets nobody in.'
            : 'The subscription did not succeed:'
        box.querySelector('ul').replaceChildren(...refusals.map((text) => make('li', '', text)))
        this.#stream.hidden = true
        this.#composer.hidden = true
    }

    // Whoever has scrolled up to read something is left there.
    #stayingAtTheEnd(change) {
        const stream = this.#stream
        const atEnd = stream.scrollHeight - stream.scrollTop - stream.clientHeight < 48
        change()
        if (atEnd) stream.scrollTop = stream.scrollHeight
    }

    #line({ id, body, user, at }) {
        const time = make('time', '', new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }))
        time.dateTime = at
        const line = make('li', user.id === this.me.id ? 'line mine' : 'line',
            avatar(user),
            make('span', 'who', make('b', '', user.name), ' ', time),
            make('span', 'body', body),
            make('span', 'readers'),
        )
        line.dataset.message = id
        return line
    }

    async #submit(event) {
        event.preventDefault()
        const input = this.#composer.elements.body
        const body = input.value.trim()
        if (!body) return
        input.value = ''
        try {
            await this.onSend(body)
        } catch (error) {
            if (!input.value) input.value = body
            this.note(`Not sent: ${error.message}`)
        }
    }
}
