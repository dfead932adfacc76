import * as hooks from '@laravel/echo-vue'
import { createApp, isRef, watch } from 'vue'

import { offer } from './page.mjs'

offer(hooks, (hook, args) => {
    const app = createApp({
        setup() {
            const value = hooks[hook](...args)
            if (isRef(value)) watch(value, (now) => window.saw(now), { immediate: true })
            else window.result = value
            return () => null
        },
    })
    app.mount('#root')
    return () => app.unmount()
})
