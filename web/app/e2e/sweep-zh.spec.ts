// Every page in Chinese.
import { sweep } from './support/sweep';

sweep('zh-CN');
