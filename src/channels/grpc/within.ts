/** Whether it is done in time. */
export const within = async (done: Promise<void>, ms: number): Promise<boolean> => {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), Math.max(ms, 0));
  const isDone = await Promise.race([done.then(() => true), late.promise]);
  clearTimeout(timer);
  return isDone;
};
