import axios from 'axios';
window.axios = axios;

/**
 * Echo exposes an expressive API for subscribing to channels.
 */

import './echo';
