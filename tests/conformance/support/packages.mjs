// The foreign clients and libraries, as their registries deliver them.

import { createRequire } from 'node:module'

// NODE_PATH is looked at by `require` only.
const require = createRequire(`${process.env.NODE_PATH}/`)

export const PusherClient = require('pusher-js')
export const PusherServer = require('pusher')
export const WebSocket = require('ws')
export const esbuild = require('esbuild')
export const { chromium } = require('playwright-core')

// `require` finds a CommonJS file that the package itself declares to be a module.
export const { default: Echo } = await import(`${process.env.NODE_PATH}/laravel-echo/dist/echo.js`)
