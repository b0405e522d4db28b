/** What a command's exit status says. */
export const exitCode = {
  fine: 0,
  /** The answer is "no". */
  no: 1,
  /** Wrong usage or configuration. */
  usage: 2,
  /** It could not be found out. */
  unknown: 3,
} as const;
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
