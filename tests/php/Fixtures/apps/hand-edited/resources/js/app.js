// import './echo'
/* new Echo({ broadcaster: 'reverb' }) */
import axios from "axios"
import {
    one,
    two,
} from "./numbers"

const text = `
import './echo';
new Echo({})
`
