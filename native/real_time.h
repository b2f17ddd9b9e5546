// Real-time scheduling of one thread.
#pragma once

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

namespace cilion
{

/// The calling thread goes before every ordinary one until the end of the scope. Among ordinary threads, even
/// at nice -20, a woken one may wait for the end of another's slice (4 ms at HZ=250). Without the right to
/// real-time scheduling it gets what nice gives.
class RealTimeScope
{
  public:
    explicit RealTimeScope(int level)
    {
        sched_param priority{.sched_priority = level};
        real_time_ = pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority) == 0;
        if (!real_time_)
            setpriority(PRIO_PROCESS, 0, -20);
    }
    ~RealTimeScope()
    {
        sched_param priority{.sched_priority = 0};
        if (real_time_)
            pthread_setschedparam(pthread_self(), SCHED_OTHER, &priority);
        else
            setpriority(PRIO_PROCESS, 0, 0);
    }
    RealTimeScope(const RealTimeScope &) = delete;
    RealTimeScope &operator=(const RealTimeScope &) = delete;

  private:
    bool real_time_;
};

} // namespace cilion
