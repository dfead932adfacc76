import './echo';
