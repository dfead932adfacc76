import * as hooks from '@laravel/echo-react'
import { createElement, StrictMode, useEffect } from 'react'
import { createRoot } from 'react-dom/client'

import { offer } from './page.mjs'

function Use({ hook, args }) {
    const value = hooks[hook](...args)
    useEffect(() => {
        if (value !== null && typeof value === 'object') window.result = value
        else window.saw(value)
    }, [value])
    return null
}

offer(hooks, (hook, args) => {
    const root = createRoot(document.querySelector('#root'))
    // Strict mode mounts, unmounts and mounts again: subscribe, unsubscribe, subscribe.
    root.render(createElement(StrictMode, null, createElement(Use, { hook, args })))
    return () => root.unmount()
})
