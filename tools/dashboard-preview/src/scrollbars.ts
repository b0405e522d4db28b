import { Scrollbars } from 'react-custom-scrollbars-2/lib/index.js';

/** CommonJS whose default export a bundler wraps once more; Grafana's table wants the bare one. */
export default Scrollbars;
