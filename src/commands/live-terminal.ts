import type { ReadStream, WriteStream } from 'node:tty';

/** A terminal that a live view fills: it draws on the alternate screen and leaves no trace. */
export interface LiveTerminal {
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Takes the screen. `onQuit` hears q, Ctrl-C and Ctrl-D; `onResize` that it must be drawn again. */
  readonly open: (onQuit: () => void, onResize: () => void) => void;
  /** Replaces what is on the screen. */
  readonly draw: (lines: readonly string[]) => void;
  /** Gives the screen, the cursor and the keys back. May be called twice. */
  readonly close: () => void;
}

type Input = Pick<ReadStream, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>;
type Output = Pick<WriteStream, 'isTTY' | 'columns' | 'rows' | 'write' | 'on' | 'off'>;

const enter = '\u001b[?1049h\u001b[?25l';
const leave = '\u001b[?25h\u001b[?1049l';
const home = '\u001b[H';
const clearLine = '\u001b[K';
const clearBelow = '\u001b[J';
const quitKeys = new Set(['q', 'Q', '\u0003', '\u0004']);

/** The terminal behind these streams; null: one of them is none. */
export function liveTerminal(input: Input, output: Output): LiveTerminal | null {
  // Of a pipe they are undefined.
  if (!input.isTTY || !output.isTTY) return null;
  let release: (() => void) | null = null;
  return {
    size: () => ({ columns: output.columns, rows: output.rows }),
    open(onQuit, onResize) {
      const onKeys = (keys: Buffer): void => {
        if (Array.from(keys.toString()).some((key) => quitKeys.has(key))) onQuit();
      };
      input.setRawMode(true);
      input.on('data', onKeys);
      input.resume();
      output.on('resize', onResize);
      output.write(enter);
      release = () => {
        output.write(leave);
        output.off('resize', onResize);
        input.off('data', onKeys);
        input.setRawMode(false);
        input.pause();
      };
    },
    draw(lines) {
      // What is read when the screen was given back goes nowhere.
      if (release === null) return;
      const text = lines.map((line) => `${line}${clearLine}`).join('\r\n');
      output.write(`${home}${text}${clearBelow}`);
    },
    close() {
      release?.();
      release = null;
    },
  };
}
