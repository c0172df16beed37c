#include "math.hpp"

#include "profile.hpp"


#include "outputs.hpp"

// stanc writes this function at the end of every model.
stan::math::profile_map& get_stan_profile_data();

namespace driver {

void write_profile(const Session& session) {
  const auto& sections = get_stan_profile_data();
  if (sections.empty()) return;
  const auto stream = open_output(session.settings.text("output.profile_file"),
                                  significant_digits(session));
  *stream << "name,thread_id,total_time,forward_time,reverse_time,chain_stack,"
             "no_chain_stack,autodiff_calls,no_autodiff_calls\n";
  for (const auto& [key, times] : sections)
    *stream << key.first << "," << key.second << ","
            << times.get_fwd_time() + times.get_rev_time() << ","
            << times.get_fwd_time() << "," << times.get_rev_time() << ","
            << times.get_chain_stack_used() << ","
            << times.get_nochain_stack_used() << ","
            << times.get_num_rev_passes() << ","
            << times.get_num_no_AD_fwd_passes() << "\n";
}

}  // namespace driver
