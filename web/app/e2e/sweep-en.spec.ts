// Every page in English.
import { sweep } from './support/sweep';

sweep('en');
