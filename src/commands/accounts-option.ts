import { Option } from 'commander';
import { accountModes } from '../config/notify-config.js';

/** `--accounts`: masked unless somebody asks, so that what is printed can be pasted. */
export function accountsOption(description: string): Option {
  return new Option('--accounts <how>', description).choices(accountModes).default('masked');
}
